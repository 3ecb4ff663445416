export { doctorOptions } from './options.js';
