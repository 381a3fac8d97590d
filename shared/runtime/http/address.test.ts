import fc from 'fast-check'
import { expect, it } from 'vitest'
import { addressKind, isLocalName } from './address.ts'

it.each([
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '100.127.255.255',
  '127.0.0.1',
  '127.8.8.8',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.8',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:8.8.8.8',
  '::ffff:a9fe:a9fe',
  '::127.0.0.1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  'fc00::1',
  'fd12:3456::1',
  'fec0::1',
  'ff02::1',
  'not an address',
])('%s is not public', (address) => {
  expect(addressKind(address)).not.toBe('public')
})

it.each(['169.254.169.254', '100.100.100.200', 'fd00:ec2::254', 'fe80::1%eth0', 'fe80::a9fe:a9fe', '168.63.129.16'])(
  '%s is for metadata',
  (address) => {
    expect(addressKind(address)).toBe('metadata')
  },
)

it.each([
  '8.8.8.8',
  '172.15.255.255',
  '172.32.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '1.1.1.1',
  '2606:4700::1111',
  '2a00:1450:4001:80b::200e',
])('%s is public', (address) => {
  expect(addressKind(address)).toBe('public')
})

it('no IPv4 address is public in the clothes of IPv6', () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.constantFrom('::ffff:', '::', '64:ff9b::', '::ffff:0:'), (address, prefix) => {
      expect(addressKind(prefix + address)).not.toBe('public')
    }),
  )
})

it('names of the machine and its metadata server are known', () => {
  expect(['localhost', 'a.localhost', 'metadata.google.internal', 'metadata'].every(isLocalName)).toBe(true)
  expect(isLocalName('localhost.example.com')).toBe(false)
})
