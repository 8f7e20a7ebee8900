import { needProgram } from '@discogs-extractor/test-broker';
import { type Browser, chromium } from 'playwright-core';

/** Without sandbox, since tests may run as root, and without the background requests that Chromium makes. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts the machine's Chromium, without a window. */
export const launchBrowser = async (): Promise<Browser> =>
  chromium.launch({ executablePath: await needProgram('chromium', 'chromium'), args: ARGUMENTS });
