/** A text read as a column's type: canonical text that polars casts without loss, or what was expected instead. */
export type Reading = { readonly value: string } | { readonly reason: string }

export const good = (value: string): Reading => ({ value })
export const bad = (reason: string): Reading => ({ reason })

/** The text for a message: quoted, shortened. */
export const shown = (text: string): string => `'${text.length > 60 ? `${text.slice(0, 57)}...` : text}'`
