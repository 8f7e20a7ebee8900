import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import * as z from 'zod';
import { describeError } from '../errors.js';
import type { TriggerResult } from '../events/service-events.js';
import type { Logger } from '../report/logger.js';

export interface TriggerRouteOptions {
  /** The secret that callers must send; if `undefined`, every call is refused. */
  readonly token: string | undefined;
  /** Starts a run. Returns `false` if one is in progress, or if the service is stopping. */
  readonly start: (options: { readonly forceReprocess: boolean }) => Promise<boolean>;
  readonly onResult: (result: TriggerResult) => void;
  readonly logger: Logger;
}

const MAX_BODY_BYTES = 1024;

/** Lower bound of the time between two warnings: refused calls must not fill the log. */
const MIN_WARNING_INTERVAL_MS = 10_000;

const Body = z.strictObject({ force_reprocess: z.boolean().default(false) });

/** Adds `POST /trigger`: 202; 403 without the right token; 409 during a run; 400 or 413 for an invalid body. */
export const addTriggerRoute = (app: Hono, { token, start, onResult, logger }: TriggerRouteOptions): void => {
  let warnedAt = Number.NEGATIVE_INFINITY;

  const refuse = (context: Context, message: string): Response => {
    onResult('refused');
    const now = performance.now();
    if (now - warnedAt >= MIN_WARNING_INTERVAL_MS) {
      warnedAt = now;
      logger.warn({ code: 'TRIGGER_REFUSED' }, `⚠️ POST /trigger was refused: ${message}`);
    }
    return context.json({ status: 'forbidden', error: message }, 403);
  };

  app.post(
    '/trigger',
    async (context, next) => {
      if (token === undefined) return refuse(context, 'TRIGGER_TOKEN is not set; set it to allow triggered runs');
      if (!isToken(context.req.header('Authorization'), token)) {
        return refuse(context, 'send the header "Authorization: Bearer TOKEN" with the right token');
      }
      return next();
    },
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: (context) => {
        onResult('invalid');
        return context.json({ status: 'invalid', error: `the body is over ${MAX_BODY_BYTES} bytes` }, 413);
      },
    }),
    async (context) => {
      const text = await context.req.text().catch((error: unknown) => {
        // The client closed the connection in the middle of its request.
        logger.debug({ error: describeError(error) }, 'POST /trigger: the client has gone');
        return undefined;
      });
      const body = parseBody(text);
      if (!body.success) {
        onResult('invalid');
        return context.json(
          { status: 'invalid', error: 'the body must be empty or {"force_reprocess": true or false}' },
          400,
        );
      }
      const { force_reprocess } = body.data;
      if (!(await start({ forceReprocess: force_reprocess }))) {
        onResult('running');
        return context.json({ status: 'already_running' }, 409);
      }
      onResult('accepted');
      logger.info({ force_reprocess }, '🚀 A run was triggered over HTTP');
      return context.json({ status: 'started', force_reprocess }, 202);
    },
  );
};

const parseBody = (text: string | undefined): ReturnType<typeof Body.safeParse> => {
  if (text?.trim() === '') return Body.safeParse({});
  try {
    return Body.safeParse(text === undefined ? undefined : JSON.parse(text));
  } catch {
    return Body.safeParse(undefined);
  }
};

/** Takes the same time for every token: digests have one length, and are compared completely. */
const isToken = (header: string | undefined, token: string): boolean => {
  const [, given] = /^Bearer +(\S.*)$/i.exec(header ?? '') ?? [];
  return timingSafeEqual(digest(given?.trim() ?? ''), digest(token)) && given !== undefined;
};

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
