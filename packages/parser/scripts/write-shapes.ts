/** Writes `SHAPES.md`: `npm run shapes`. */
import { writeFileSync } from 'node:fs';
import { SHAPES_DOCUMENT, shapesDocument } from './shapes-document.js';

writeFileSync(SHAPES_DOCUMENT, shapesDocument());
