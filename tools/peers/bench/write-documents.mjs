// `npm run chart`: writes the charts and tables of the documentation from the figures in docs/benchmarks.
import { writeDocuments } from '../src/documents.mjs';

writeDocuments();
