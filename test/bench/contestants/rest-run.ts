import { runLoad } from '../project.ts'

/** The whole run, from the first page to a loaded table. */
export default ({ root }: { root: string }): Promise<void> => runLoad(root)
