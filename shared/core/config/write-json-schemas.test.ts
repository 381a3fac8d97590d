import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { JSON_SCHEMA_FOLDER, jsonSchemas } from './write-json-schemas.ts'

it('has written the JSON Schemas of the models as they are now', () => {
  // When this fails: node shared/core/config/write-json-schemas.ts
  const written = readdirSync(JSON_SCHEMA_FOLDER).map((name) => [
    name,
    readFileSync(new URL(name, JSON_SCHEMA_FOLDER), 'utf8'),
  ])
  expect(Object.fromEntries(written)).toEqual(jsonSchemas())
})
