import { open, type FileHandle } from 'node:fs/promises'

const FLUSH_BYTES = 1 << 20

/** A temporary file that is written from front to back, in large pieces. */
export class SpoolFile {
  readonly path: string
  #handle: FileHandle | undefined
  #text: string[] = []
  #textLength = 0

  constructor(path: string) {
    this.path = path
  }

  /** Writes whole bytes, after the text that was added before. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.flush()
    await this.#write(bytes)
  }

  /** Adds text; `flush` when it says that there is much. */
  add(text: string): boolean {
    this.#text.push(text)
    this.#textLength += text.length
    return this.#textLength >= FLUSH_BYTES
  }

  async flush(): Promise<void> {
    if (this.#textLength === 0) return
    const bytes = Buffer.from(this.#text.join(''))
    this.#text = []
    this.#textLength = 0
    await this.#write(bytes)
  }

  /** Creates the file even if nothing was written. */
  async close(): Promise<void> {
    await this.flush()
    this.#handle ??= await open(this.path, 'wx', 0o600)
    await this.#handle.close()
  }

  /** Lets go of the file, which is then not to be read. */
  async abandon(): Promise<void> {
    await this.#handle?.close()
    this.#handle = undefined
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#handle ??= await open(this.path, 'wx', 0o600)
    for (let at = 0; at < bytes.length;) at += (await this.#handle.write(bytes, at)).bytesWritten
  }
}
