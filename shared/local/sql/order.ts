import { compileHoisted } from './hoist.ts'
import { wholeNumber } from './literal.ts'
import { isNode, listOf } from './node.ts'
import type { Translation } from './translation.ts'

/** ORDER BY, with NULLs where BigQuery has them: first ascending, last descending. `ordinals`: a number names an output column. */
export const orderBy = (translation: Translation, value: unknown, ordinals: boolean): string => {
  translation.count('ORDER')
  const body = isNode(value) ? translation.read('ORDER BY', value, ['expressions']) : { expressions: value }
  const items = listOf(body.expressions).map((item) => {
    const {
      this: inner,
      desc,
      nulls_first: first,
    } = translation.read('ORDER BY', isNode(item) ? item : {}, ['this', 'desc', 'nulls_first'])
    const ordinal = ordinals ? wholeNumber(inner) : undefined
    if (ordinal !== undefined) translation.countNumber()
    const text = ordinal === undefined ? compileHoisted(translation, inner).sql : String(ordinal)
    const nullsFirst = typeof first === 'boolean' ? first : desc !== true
    return `${text} ${desc === true ? 'DESC' : 'ASC'} NULLS ${nullsFirst ? 'FIRST' : 'LAST'}`
  })
  return `ORDER BY ${items.join(', ')}`
}
