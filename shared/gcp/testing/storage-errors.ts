import type { Answer } from './answering-server.ts'

/** Bodies as https://cloud.google.com/storage/docs/json_api/v1/status-codes documents them, by what they are. */
const problem = (status: number, domain: string, reason: string, message: string): Answer => ({
  status,
  body: { error: { errors: [{ domain, reason, message }], code: status, message } },
})

export const STORAGE_ERRORS = {
  invalid: problem(400, 'global', 'invalid', 'Invalid bucket name: a_b'),
  otherChecksum: problem(
    400,
    'global',
    'invalid',
    'Provided CRC32C "AAAAAA==" doesn\'t match calculated CRC32C "mnG7TA==".',
  ),
  loginRequired: problem(401, 'global', 'required', 'Login Required'),
  forbidden: problem(
    403,
    'global',
    'forbidden',
    'convergence@p1.iam.gserviceaccount.com does not have storage.objects.get access to the Google Cloud Storage object.',
  ),
  rateOfUser: problem(403, 'usageLimits', 'userRateLimitExceeded', 'User Rate Limit Exceeded'),
  notFound: problem(404, 'global', 'notFound', 'Not Found'),
  timeout: problem(408, 'global', 'uploadBrokenConnection', 'Request Timeout'),
  conditionNotMet: problem(
    412,
    'global',
    'conditionNotMet',
    'At least one of the pre-conditions you specified did not hold.',
  ),
  tooLarge: problem(413, 'global', 'uploadTooLarge', 'Payload Too Large'),
  rateOfObject: problem(
    429,
    'usageLimits',
    'rateLimitExceeded',
    'The object convergence/_state/runs/r exceeded the rate limit for object mutation operations (create, update, and delete). Please reduce your request rate.',
  ),
  backendError: problem(503, 'global', 'backendError', 'Backend Error'),
  internalError: problem(500, 'global', 'internalError', 'We encountered an internal error. Please try again.'),
  /** The front end answers HTML. */
  badGateway: { status: 502, headers: { 'content-type': 'text/html' }, body: '<html><title>Error 502</title></html>' },
} satisfies Record<string, Answer>
