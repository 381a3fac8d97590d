/** Edits between two texts, a swap of neighbours counting as one. */
const distance = (a: string, b: string): number => {
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const change = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let best = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, change)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1)
      row.push(best)
    }
    before = previous
    previous = row
  }
  return previous[b.length] ?? 0
}

const MAX_LENGTH = 100

/** The known name that was probably meant. */
const suggest = (given: string, known: readonly string[]): string | undefined => {
  if (given.length > MAX_LENGTH) return undefined
  const plain = given.toLowerCase().replaceAll(/[-\s]/g, '_')
  const near = known
    .filter((name) => name.length <= MAX_LENGTH)
    .map((name) => ({ name, edits: distance(plain, name.toLowerCase()) }))
    .filter(({ name, edits }) => edits <= Math.max(1, Math.floor(Math.max(name.length, plain.length) / 3)))
    .sort((a, b) => a.edits - b.edits)
  return near[0]?.name
}

/** ` (did you mean "x"?)`, or nothing. */
export const didYouMean = (given: unknown, known: readonly string[]): string => {
  const name = typeof given === 'string' ? suggest(given, known) : undefined
  return name === undefined ? '' : `; did you mean "${name}"?`
}
