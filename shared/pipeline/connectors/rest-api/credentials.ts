import { InvalidConfigError } from '@convergence/core/errors.ts'
import type { RestApiSource, RestResource, SecretRef } from '@convergence/core/config/source.ts'
import { templateNames } from '@convergence/core/templates.ts'
import type { ConnectorContext } from '../connector.ts'

/** What a source sends to be let in, with every secret that its templates name. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  /** For templates of headers and parameters, by name. */
  readonly secrets: Readonly<Record<string, string>>
  /** Files to look at when the source refuses, never their content. */
  readonly files: readonly string[]
}

export const readCredentials = async (
  context: ConnectorContext<RestApiSource>,
  resource: RestResource,
): Promise<Credentials> => {
  const { auth } = context.source
  const secrets: Record<string, string> = {}
  const valueOf = async (value: string | SecretRef): Promise<string> => {
    if (typeof value === 'string') return value
    const secret = await context.secrets.get(context.tenant, value.secret)
    secrets[value.secret] = secret
    return secret
  }
  const headers: Record<string, string> = {}
  const query: Record<string, string> = {}
  if (auth?.type === 'bearer') headers['authorization'] = `Bearer ${await valueOf(auth.token)}`
  if (auth?.type === 'basic') {
    const pair = `${await valueOf(auth.username)}:${await valueOf(auth.password)}`
    headers['authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`
  }
  if (auth?.type === 'api_key') {
    const target = auth.in === 'header' ? headers : query
    target[auth.in === 'header' ? auth.name.toLowerCase() : auth.name] = await valueOf(auth.value)
  }
  for (const name of namedSecrets(context.source, resource)) await valueOf({ secret: name })
  const files = Object.keys(secrets).map((name) => `configs/${context.tenant}/secrets/${name}.txt`)
  for (const [name, value] of Object.entries(headers)) refuseControls(name, value, files)
  return { headers, query, secrets, files }
}

/** Often two lines in the secret's file. What is wrong must not be told by showing it. */
const refuseControls = (header: string, value: string, files: readonly string[]): void => {
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value))
    throw new InvalidConfigError(
      `the header ${header} would hold a line break or another control character: write the secret as one line into ${files.join(' and ')}`,
    )
}

/** Secrets that templates of headers and parameters name. */
const namedSecrets = (source: RestApiSource, resource: RestResource): readonly string[] =>
  [source.headers, source.params, resource.headers, resource.params]
    .flatMap((values) => Object.values(values).flat())
    .flatMap((value) => (typeof value === 'string' ? templateNames(value) : []))
    .flatMap(({ name }) => (name.startsWith('secrets.') ? [name.slice('secrets.'.length)] : []))

/** A text without the secrets that it may hold: an answer may repeat what it was sent. */
export const withoutSecrets = (text: string, { secrets }: Credentials): string =>
  Object.values(secrets).reduce((cleaned, secret) => (secret === '' ? cleaned : cleaned.replaceAll(secret, '…')), text)
