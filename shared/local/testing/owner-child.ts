import { OwnerLock } from '../owner-lock.ts'

/** Owns a folder until it is killed. */
const lock = await OwnerLock.acquire(process.argv[2]!)
await lock.announce({ port: 4321 })
process.stdout.write('owner\n')
setInterval(() => {}, 60_000)
