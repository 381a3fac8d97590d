import { describe, expect, test } from 'vitest'
import type { SecretStore } from '@convergence/core/ports/secret-store.ts'

export interface SecretStoreHarness {
  readonly port: SecretStore
  /** As an operator would. */
  readonly write: (tenant: string, name: string, text: string) => Promise<void>
}

/** What every SecretStore must do. */
export const secretStoreContract = (name: string, makePort: () => Promise<SecretStoreHarness>): void => {
  describe(`${name} as SecretStore`, () => {
    test('a secret is its text without the trailing newline, and inner ones stay', async () => {
      const { port, write } = await makePort()
      await write('acme', 'key', 'line 1\nline 2 ü \n')
      expect(await port.get('acme', 'key')).toBe('line 1\nline 2 ü ')
    })

    test('a secret belongs to its tenant alone', async () => {
      const { port, write } = await makePort()
      await write('acme', 'key', 'of acme')
      await write('other', 'key', 'of other')
      expect(await port.get('acme', 'key')).toBe('of acme')
      expect(await port.get('other', 'key')).toBe('of other')
      await expect(port.get('third', 'key')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    test('a missing secret is named with what to do, and found once it is there', async () => {
      const { port, write } = await makePort()
      await expect(port.get('acme', 'key')).rejects.toThrow(/key.*acme/)
      await write('acme', 'key', 'now')
      expect(await port.get('acme', 'key')).toBe('now')
    })

    test('a secret is cached until its tenant is invalidated', async () => {
      const { port, write } = await makePort()
      await write('acme', 'key', 'before')
      await write('other', 'key', 'before')
      await port.get('acme', 'key')
      await port.get('other', 'key')
      await write('acme', 'key', 'after')
      await write('other', 'key', 'after')
      expect(await port.get('acme', 'key')).toBe('before')
      port.invalidate('acme')
      expect(await port.get('acme', 'key')).toBe('after')
      expect(await port.get('other', 'key')).toBe('before')
    })

    test('names that could lead elsewhere are refused', async () => {
      const { port } = await makePort()
      for (const [tenant, secret] of [
        ['acme', '../other/secrets/key'],
        ['acme', 'a/b'],
        ['acme', ''],
        ['..', 'key'],
        ['acme', 'KEY'],
      ])
        await expect(port.get(tenant!, secret!)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    })
  })
}
