import { runLoad } from '../project.ts'

/** The whole run, from an uploaded file to a loaded table. */
export default ({ root }: { root: string }): Promise<void> => runLoad(root)
