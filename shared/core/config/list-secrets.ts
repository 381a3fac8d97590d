import { templateNames } from '../templates.ts'
import type { ConfigSnapshot } from './snapshot.ts'

/** Names of all secrets that a tenant's sources use, sorted: for `validate --secrets`. */
export const listSecrets = (snapshot: ConfigSnapshot): readonly string[] => {
  const names = new Set<string>()
  const visit = (value: unknown): void => {
    if (typeof value === 'string') {
      for (const { name } of templateNames(value))
        if (name.startsWith('secrets.')) names.add(name.slice('secrets.'.length))
    } else if (Array.isArray(value)) value.forEach(visit)
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit)
  }
  for (const source of Object.values(snapshot.sources)) {
    if (source.type !== 'rest_api') continue
    const { auth } = source
    const refs =
      auth?.type === 'bearer'
        ? [auth.token]
        : auth?.type === 'api_key'
          ? [auth.value]
          : auth?.type === 'basic'
            ? [auth.username, auth.password]
            : []
    for (const ref of refs) if (typeof ref !== 'string') names.add(ref.secret)
    visit([
      source.headers,
      source.params,
      Object.values(source.resources).map(({ headers, params }) => [headers, params]),
    ])
  }
  return [...names].sort()
}
