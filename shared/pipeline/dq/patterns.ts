import { BadExpectation } from './bad-expectation.ts'

/** A LIKE pattern: `\` stands before `%`, `_` or `\` only, so that both engines read it alike. */
export const checkLikePattern = (pattern: string): void => {
  const bad = /\\(?![%_\\])|\\$/.exec(pattern.replace(/\\[%_\\]/g, '..'))
  if (bad)
    throw new BadExpectation(
      `like pattern ${JSON.stringify(pattern)}: a backslash may stand before %, _ or another backslash only`,
    )
}
