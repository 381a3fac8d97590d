import { z } from 'zod'
import { oneOf } from './fields.ts'

const path = z.string().min(1)

const everyPage = {
  /** Path of the number of all records, where the API declares one: a shortfall fails the step. */
  total: path.optional(),
  /** Against a list that never ends: one more page fails the step. */
  max_pages: z.int().min(1).max(1_000_000).default(100_000),
}

/** All stop on their own signal and guard against a cursor that comes back. */
export const pagination = z
  .discriminatedUnion(
    'type',
    [
      z.strictObject({ type: z.literal('none') }),
      z.strictObject({
        type: z.literal('cursor'),
        /** Path of the next cursor in the answer; or `next_header`. None, null or empty: the last page. */
        next: path.optional(),
        next_header: z.string().min(1).optional(),
        param: z.string().min(1),
        /** Where the cursor is sent. */
        in: z.enum(['query', 'header', 'body']).default('query'),
        /** Path of a boolean: false is the last page. */
        has_more: path.optional(),
        ...everyPage,
      }),
      z.strictObject({
        type: z.literal('offset'),
        param: z.string().min(1).default('offset'),
        limit_param: z.string().min(1).default('limit'),
        /** Records a page; a shorter page is the last. */
        limit: z.int().min(1),
        ...everyPage,
      }),
      z.strictObject({
        type: z.literal('page'),
        param: z.string().min(1).default('page'),
        first: z.int().min(0).default(1),
        size_param: z.string().min(1).optional(),
        /** Records a page; a shorter page is the last. Absent: an empty page is the last. */
        size: z.int().min(1).optional(),
        total_pages: path.optional(),
        ...everyPage,
      }),
      z.strictObject({ type: z.literal('next_url'), /** Path of the next page's URL. */ next: path, ...everyPage }),
      z.strictObject({ type: z.literal('link_header'), rel: z.string().min(1).default('next'), ...everyPage }),
    ],
    { error: oneOf('type', ['none', 'cursor', 'offset', 'page', 'next_url', 'link_header']) },
  )
  .superRefine((value, context) => {
    if (value.type === 'cursor' && (value.next === undefined) === (value.next_header === undefined))
      context.addIssue({
        code: 'custom',
        path: ['next'],
        message: 'give either `next` (a path in the answer) or `next_header`',
      })
    if (value.type === 'page' && value.size_param !== undefined && value.size === undefined)
      context.addIssue({ code: 'custom', path: ['size'], message: 'is missing: `size_param` sends it' })
  })
  .prefault({ type: 'none' })
export type Pagination = z.output<typeof pagination>
