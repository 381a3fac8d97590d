import { BlockList, isIP } from 'node:net'

/** Addresses that answer whoever asks on a cloud machine with that machine's own credentials. */
const METADATA = new BlockList()
METADATA.addSubnet('169.254.0.0', 16, 'ipv4')
METADATA.addAddress('100.100.100.200', 'ipv4')
METADATA.addAddress('168.63.129.16', 'ipv4')
METADATA.addAddress('192.0.0.192', 'ipv4')
METADATA.addSubnet('fe80::', 10, 'ipv6')
METADATA.addAddress('fd00:ec2::254', 'ipv6')
METADATA.addAddress('fd20:ce::254', 'ipv6')

/** IPv4 that is not on the public internet: IANA's special-purpose registry, multicast, and what is reserved. */
const SPECIAL_IPV4 = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  SPECIAL_IPV4.addSubnet(network, bits, 'ipv4')
}

/** IPv6 on the public internet is 2000::/3; IPv4 in disguise (mapped, NAT64, 6to4, Teredo) is refused whatever it hides. */
const GLOBAL_IPV6 = new BlockList()
GLOBAL_IPV6.addSubnet('2000::', 3, 'ipv6')
const SPECIAL_IPV6 = new BlockList()
SPECIAL_IPV6.addSubnet('2001::', 23, 'ipv6')
SPECIAL_IPV6.addSubnet('2001:db8::', 32, 'ipv6')
SPECIAL_IPV6.addSubnet('2002::', 16, 'ipv6')
SPECIAL_IPV6.addSubnet('3fff::', 20, 'ipv6')

export type AddressKind = 'public' | 'private' | 'metadata'

/** What kind of address that is; what is no address at all counts as private. */
export const addressKind = (address: string): AddressKind => {
  const bare = address.replace(/%.*$/, '')
  const family = isIP(bare)
  if (family === 0) return 'private'
  if (family === 4)
    return METADATA.check(bare, 'ipv4') ? 'metadata' : SPECIAL_IPV4.check(bare, 'ipv4') ? 'private' : 'public'
  // A BlockList reads IPv4-mapped addresses as the IPv4 that they are.
  if (METADATA.check(bare, 'ipv6')) return 'metadata'
  return GLOBAL_IPV6.check(bare, 'ipv6') && !SPECIAL_IPV6.check(bare, 'ipv6') ? 'public' : 'private'
}

/** Names of this machine and of its metadata server: refused without asking the resolver. */
export const isLocalName = (host: string): boolean =>
  /^(localhost|.*\.localhost|metadata|metadata\.google\.internal|instance-data)$/.test(host)
