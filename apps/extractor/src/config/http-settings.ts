import * as z from 'zod';
import { noDefault, setting } from './setting.js';
import { booleanValue, optionalText, trimmed, wholeNumber } from './value-schemas.js';

export const HTTP_SETTINGS = {
  healthPort: setting<number | 'off'>({
    env: 'HEALTH_PORT',
    toml: 'health_port',
    about: 'port of the HTTP server; 0 picks a free one, off disables HTTP',
    details: 'The port that was picked is logged.',
    accepts: 'a TCP port from 1 to 65535, 0 for a free one, or off for no HTTP',
    schema: z.union([z.preprocess(trimmed, z.literal('off')), wholeNumber(0, 65_535)]),
    defaultValue: () => 8000,
  }),
  healthHost: setting<string | undefined>({
    env: 'HEALTH_HOST',
    toml: 'health_host',
    about: 'address that the HTTP server listens on',
    accepts: 'the address that HTTP listens on, such as 127.0.0.1',
    schema: optionalText,
    defaultValue: noDefault,
    defaultText: 'every address of the machine',
    example: '127.0.0.1',
  }),
  triggerToken: setting<string | undefined>({
    env: 'TRIGGER_TOKEN',
    toml: 'trigger_token',
    secret: true,
    about: 'secret that POST /trigger requires',
    details: 'Prefer the environment, or a file that TRIGGER_TOKEN_FILE names.',
    accepts: 'a text that is not empty',
    schema: optionalText,
    defaultValue: noDefault,
    defaultText: 'none; POST /trigger is refused',
    example: 'a long random text',
  }),
  triggerOpen: setting<boolean>({
    env: 'TRIGGER_OPEN',
    toml: 'trigger_open',
    about: 'whether POST /trigger needs no token',
    details:
      'Everyone who reaches the port can then start a run; set it only in a private network. Requests of web pages, ' +
      'which have an Origin header, still need TRIGGER_TOKEN.',
    accepts: 'true or false',
    schema: booleanValue,
    defaultValue: () => false,
  }),
} as const;
