/** Whether a message with a routing key matches a binding key. */
export type BindingMatch = (bindingKey: string, routingKey: string) => boolean;

/** AMQP's topic rule: words between dots, `*` for one word, `#` for any number of words. */
export const topicMatches: BindingMatch = (bindingKey, routingKey) => {
  if (bindingKey === routingKey || bindingKey === '#') return true;
  const pattern = bindingKey.split('.');
  const words = routingKey.split('.');
  // reachable[j]: the pattern up to here can match the first j words.
  let reachable = [true, ...words.map(() => false)];
  for (const part of pattern) {
    const next = reachable.map(() => false);
    for (let j = 0; j <= words.length; j++) {
      if (part === '#') next[j] = reachable[j] === true || (j > 0 && next[j - 1] === true);
      else if (j > 0 && (part === '*' || part === words[j - 1])) next[j] = reachable[j - 1] === true;
    }
    reachable = next;
  }
  return reachable[words.length] === true;
};

/** The rule of an exchange type; `undefined` for types whose rule is not known here. */
export const bindingMatchOf = (exchangeType: string): BindingMatch | undefined => {
  switch (exchangeType) {
    case 'topic':
      return topicMatches;
    case 'direct':
      return (bindingKey, routingKey) => bindingKey === routingKey;
    case 'fanout':
      return () => true;
    default:
      return undefined;
  }
};
