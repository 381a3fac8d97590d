/** What a command reads from and writes to: a test has its own. */
export interface CliIo {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Standard output is a terminal: progress is drawn in place, else lines are printed. */
  readonly isTerminal: boolean
  readonly colors: boolean
  /** Columns of the terminal now. */
  columns(): number
  /** To standard output, as it is. */
  write(text: string): void
  /** To standard error, as it is. */
  writeError(text: string): void
  /** Text that replaces the one that it drew before. */
  readonly live: LiveText
  /** Called for each SIGINT and SIGTERM; what it returns ends that. */
  onStop(listener: (signal: 'SIGINT' | 'SIGTERM') => void): () => void
}

interface LiveText {
  draw(text: string): void
  /** Leaves what was drawn last where it stands. */
  done(): void
  clear(): void
}
