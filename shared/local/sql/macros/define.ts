/** `name(a, b DATE) AS body`; several overloads of one name, chosen by the arguments' types. */
export const define = (name: string, ...overloads: readonly (readonly [parameters: string, body: string])[]): string =>
  `CREATE OR REPLACE MACRO gsql.${name} ${overloads.map(([parameters, body]) => `(${parameters}) AS ${body}`).join(', ')}`

export const NUMERIC = 'DECIMAL(38,9)'
