/** Randomness, injected so that a simulation can own it. */
export interface Random {
  /** `length` random bytes as lower-case hexadecimal text. */
  hex(length: number): string
}
