/** What did not come in its time: said with what was waited for. */
export class TimeOut extends Error {
  constructor(limitMs: number, what: string) {
    super(`waited ${limitMs / 1_000} s for ${what}`)
    this.name = 'TimeOut'
  }
}

/** Nothing here may hang without a limit. */
export const within = async <T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeOut(limitMs, what)), limitMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
