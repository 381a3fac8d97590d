import { PLATFORM_FIELDS, type TableSchema } from '../table.ts'
import type { ProblemList } from './problem-list.ts'
import type { Expectation, Rules } from './rules.ts'
import { didYouMean } from './suggest.ts'
import type { ConfigDocument } from './yaml.ts'

/** Columns that an expectation reads. Those that ask whether columns are there name none that must be. */
const columnsOf = ({ expectation_type: type, kwargs }: Expectation): readonly (readonly [string, string])[] => {
  const given = kwargs as Readonly<Record<string, unknown>>
  if (type === 'expect_column_to_exist' || type === 'expect_table_columns_to_match_ordered_list') return []
  const named = ['column', 'column_A', 'column_B'].flatMap((key) =>
    typeof given[key] === 'string' ? [[key, given[key]] as [string, string]] : [],
  )
  return 'column_list' in kwargs
    ? [...named, ...kwargs.column_list.map((name) => ['column_list', name] as [string, string])]
    : named
}

/** Every column of the rules against the schema of the table that they check. */
export const checkRuleColumns = (
  rules: Rules,
  document: ConfigDocument,
  table: { readonly name: string; readonly schema: TableSchema },
  problems: ProblemList,
): void => {
  const names = [...table.schema, ...PLATFORM_FIELDS].map((field) => field.name)
  for (const [index, expectation] of rules.expectations.entries())
    for (const [key, column] of columnsOf(expectation))
      if (!names.includes(column))
        problems.at(
          document,
          ['expectations', index, 'kwargs', key],
          `table ${table.name} has no column ${column}${didYouMean(column, names)}`,
        )
}
