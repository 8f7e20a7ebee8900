import { countOf } from '../count-of.js';

/** `1,234,567`. `toLocaleString` would load Node's locale data first, which is a fifth of the time that `status` takes. */
export const formatCount = (value: number): string => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');

/** `1 record`, `1,234,567 records` */
export const formatRecords = (value: number): string => countOf(value, 'record', formatCount(value));

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `12.3 MB` */
export const formatBytes = (value: number): string => {
  let unit = 0;
  let scaled = value;
  // Rounding can lift a value to the next unit: 999.96 kB is 1.0 MB.
  while (unit < UNITS.length - 1 && scaled >= (unit === 0 ? 1000 : 999.95)) {
    scaled /= 1000;
    unit++;
  }
  return `${unit === 0 ? scaled.toFixed(0) : scaled.toFixed(1)} ${UNITS[unit]}`;
};

/** `1:02:03`, or `2:03` below an hour. */
export const formatDuration = (seconds: number): string => {
  const whole = Math.ceil(seconds);
  const padded = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  return hours > 0 ? `${hours}:${padded(minutes)}:${padded(whole % 60)}` : `${minutes}:${padded(whole % 60)}`;
};
