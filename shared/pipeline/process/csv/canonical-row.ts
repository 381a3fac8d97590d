/**
 * The CSV that polars is given where the input's own bytes will not do: `,` between cells, `"` around each text, nothing for NULL, LF.
 * polars reads `,,` as NULL and `,"",` as the empty text.
 */
export const canonicalRow = (cells: readonly (string | null)[]): string => {
  let row = ''
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i]
    if (i > 0) row += ','
    if (cell !== null && cell !== undefined) row += cell.includes('"') ? `"${cell.replaceAll('"', '""')}"` : `"${cell}"`
  }
  return `${row}\n`
}

export const CANONICAL = { delimiter: ',', quote: '"' } as const
