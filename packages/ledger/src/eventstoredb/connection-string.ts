/** The settings that the client knows, without regard to case. */
const known: ReadonlySet<string> = new Set(
  [
    'connectionName',
    'defaultDeadline',
    'discoveryInterval',
    'gossipTimeout',
    'keepAliveInterval',
    'keepAliveTimeout',
    'maxDiscoverAttempts',
    'nodePreference',
    'throwOnAppendFailure',
    'tls',
    'tlsCAFile',
    'userCertFile',
    'userKeyFile',
  ].map((name) => name.toLowerCase()),
)

const form = 'esdb://[user:password@]host:port[,host:port...][?tls=true&...]'

/**
 * The connection string as EventStoreDB documents it, or an Error that does not repeat it: it holds a password, and the client
 * would print it whole beside every setting that it does not know.
 */
export const checkedConnection = (string: string): string => {
  const match = /^esdb(?:\+discover)?:\/\/(?:[^:@/?]+:[^@]+@)?[^@/?]+\/?(?:\?(.*))?$/.exec(string.trim())
  if (!match) throw new Error(`this is no connection string of EventStoreDB, which reads ${form}`)
  const settings = (match[1] ?? '').split('&').filter((setting) => setting !== '')
  for (const setting of settings) {
    const [name = '', value = ''] = setting.split('=')
    const flat = name.trim().toLowerCase().replace(/[_-]/g, '')
    if (!known.has(flat))
      throw new Error(`the connection string of EventStoreDB has an unknown setting ${JSON.stringify(name)}`)
    if (value === '') throw new Error(`the connection string of EventStoreDB says nothing of ${JSON.stringify(name)}`)
  }
  return string.trim()
}
