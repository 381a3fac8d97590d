import type { Spooled } from '../job.ts'

/** Takes over what was spooled of an input, while the rest of it is still being read. */
export interface TableSink {
  /** An empty folder for the next table's files. */
  folder(): string
  /** Whether a table that has so many bytes by now is to be handed over as it is. */
  wants(bytes: number): boolean
  /** May wait until there is room. */
  take(table: Spooled, folder: string): Promise<void>
}
