/** An expectation that cannot be checked against this table: becomes its own `error` result; the others run. */
export class BadExpectation extends Error {
  override readonly name = 'BadExpectation'
}

/** The known name nearest to a misspelt one, as ` (did you mean x?)`, or nothing. */
export const didYouMean = (name: string, known: readonly string[]): string => {
  const near = known
    .map((one) => ({ one, distance: distance(name.toLowerCase(), one.toLowerCase()) }))
    .filter(({ distance: d }) => d <= Math.ceil(name.length / 3) && d < name.length)
    .toSorted((a, b) => a.distance - b.distance)[0]
  return near ? ` (did you mean ${near.one}?)` : ''
}

const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length]!
}
