/**
 * Takes parts out of a list, halves first, then smaller pieces, for as long as what is left still fails. Gives a list of which no single
 * part can go, or how far `budget` tries went.
 */
export const shrink = async <T>(
  parts: readonly T[],
  stillFails: (parts: readonly T[]) => Promise<boolean>,
  budget: number,
): Promise<readonly T[]> => {
  let [left, tries] = [parts, 0]
  let size = Math.ceil(left.length / 2)
  while (size >= 1 && left.length > 0) {
    let isSmaller = false
    for (let from = 0; from < left.length;) {
      if (tries++ >= budget) return left
      const without = [...left.slice(0, from), ...left.slice(from + size)]
      if (await stillFails(without)) {
        left = without
        isSmaller = true
      } else from += size
    }
    if (size === 1 && !isSmaller) return left
    size = isSmaller ? Math.min(size, Math.ceil(left.length / 2)) : Math.floor(size / 2)
  }
  return left
}
