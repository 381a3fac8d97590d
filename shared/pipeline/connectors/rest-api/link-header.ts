/** Target of the first link of that relation in a `Link` header (RFC 8288), or undefined. */
export const linkTarget = (header: string | undefined, rel: string): string | undefined => {
  for (const [, target = '', parameters = ''] of (header ?? '').matchAll(/<([^>]*)>([^<]*)/g)) {
    const [, quoted, bare] = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(parameters) ?? []
    const relations = (quoted ?? bare ?? '').toLowerCase().split(/\s+/)
    if (relations.includes(rel.toLowerCase())) return target
  }
  return undefined
}
