/** Colours of the terminal, or plain text. */
export interface Style {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
}

const code =
  (open: number, close: number) =>
  (text: string): string =>
    `\u001B[${open}m${text}\u001B[${close}m`

const same = (text: string): string => text

export const createStyle = (colors: boolean): Style =>
  colors
    ? { bold: code(1, 22), dim: code(2, 22), red: code(31, 39), green: code(32, 39), yellow: code(33, 39) }
    : { bold: same, dim: same, red: same, green: same, yellow: same }

/** What takes places on the screen. */
export const visibleLength = (text: string): number => Array.from(stripStyle(text)).length

// oxlint-disable-next-line no-control-regex -- that is what a colour is made of
const STYLE = /\u001B\[\d+m/g

const stripStyle = (text: string): string => text.replaceAll(STYLE, '')
