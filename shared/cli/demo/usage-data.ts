/** What the demo's provider knows: made by rule, so that every run of the demo has the same totals. */
export const DEMO_DATE = '2026-01-15'

const PROJECTS = ['proj_checkout', 'proj_search', 'proj_support']
const KEYS_EACH = 4

interface Price {
  readonly model: string
  readonly batch: boolean
  /** USD for a million tokens: input, cached input, output. */
  readonly usd: readonly [string, string, string]
}

export const PRICES: readonly Price[] = [
  { model: 'gpt-4.1', batch: false, usd: ['2.00', '0.50', '8.00'] },
  { model: 'gpt-4.1', batch: true, usd: ['1.00', '0.25', '4.00'] },
  { model: 'gpt-4.1-mini', batch: false, usd: ['0.40', '0.10', '1.60'] },
  { model: 'gpt-4.1-mini', batch: true, usd: ['0.20', '0.05', '0.80'] },
  { model: 'o4-mini', batch: false, usd: ['1.10', '0.275', '4.40'] },
  { model: 'o4-mini', batch: true, usd: ['0.55', '0.138', '2.20'] },
]

/** One result of the usage API. */
export interface UsageRecord {
  readonly object: 'organization.usage.completions.result'
  readonly project_id: string
  readonly api_key_id: string
  readonly model: string
  readonly batch: boolean
  readonly input_tokens: number
  readonly input_cached_tokens: number
  readonly output_tokens: number
  readonly num_model_requests: number
}

/** What happened on that day. */
export const usageOf = (date: string): UsageRecord[] =>
  PROJECTS.flatMap((project) =>
    Array.from({ length: KEYS_EACH }, (_, index) => `key_${project.slice('proj_'.length)}_${index + 1}`).flatMap(
      (key) => PRICES.map(({ model, batch }) => recordOf(date, project, key, { model, batch })),
    ),
  )

const recordOf = (date: string, project: string, key: string, use: { model: string; batch: boolean }): UsageRecord => {
  const seed = `${date}/${key}/${use.model}/${use.batch}`
  const requests = 40 + numberOf(`${seed}/requests`, 900)
  const input = requests * (300 + numberOf(`${seed}/input`, 1_700)) + numberOf(`${seed}/rest`, 300)
  return {
    object: 'organization.usage.completions.result',
    project_id: project,
    api_key_id: key,
    ...use,
    input_tokens: input,
    input_cached_tokens: Math.floor((input * numberOf(`${seed}/cached`, 60)) / 100),
    output_tokens: requests * (40 + numberOf(`${seed}/output`, 400)),
    num_model_requests: requests,
  }
}

/** What the API tells of it: two records of the demo's day are wrong. */
export const reportedUsage = (date: string): UsageRecord[] =>
  usageOf(date).map((record) => {
    if (date !== DEMO_DATE || record.batch) return record
    if (record.api_key_id === 'key_support_2' && record.model === 'gpt-4.1')
      return { ...record, input_tokens: record.input_tokens + 0.5 }
    if (record.api_key_id === 'key_search_3' && record.model === 'o4-mini')
      return { ...record, input_cached_tokens: record.input_tokens + 7_500 }
    return record
  })

/** FNV-1a: a whole number from 0 to below `below` that depends on the text alone. */
const numberOf = (text: string, below: number): number => {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash % below
}
