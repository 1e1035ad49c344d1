<?php

declare(strict_types=1);

namespace Cognate\Client\Json;

use Google\Protobuf\Duration;
use Google\Protobuf\FieldMask;
use Google\Protobuf\Internal\Message;
use Google\Protobuf\Timestamp;

/** Messages that JSON writes as texts: times, durations, field masks. */
final class WellKnown
{
    private const TIME = '/^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))$/D';

    private function __construct()
    {
    }

    /** Null if it is no such message. */
    public static function encode(Message $message): ?string
    {
        return match (true) {
            $message instanceof Timestamp => self::time($message),
            $message instanceof Duration => self::duration($message),
            $message instanceof FieldMask => self::mask($message),
            default => null,
        };
    }

    /** False if it is no such message. */
    public static function decode(Message $message, mixed $json): bool
    {
        if ($message instanceof Timestamp) {
            self::readTime($message, $json);
        } elseif ($message instanceof Duration) {
            self::readDuration($message, $json);
        } elseif ($message instanceof FieldMask) {
            self::readMask($message, $json);
        } else {
            return false;
        }
        return true;
    }

    private static function time(Timestamp $time): string
    {
        return gmdate('Y-m-d\TH:i:s', (int) $time->getSeconds()) . self::fraction($time->getNanos()) . 'Z';
    }

    private static function duration(Duration $duration): string
    {
        $seconds = (int) $duration->getSeconds();
        $nanos = $duration->getNanos();
        return ($seconds < 0 || $nanos < 0 ? '-' : '') . abs($seconds) . self::fraction(abs($nanos)) . 's';
    }

    private static function fraction(int $nanos): string
    {
        if ($nanos === 0) {
            return '';
        }
        // In threes: some readers want it so.
        $digits = sprintf('%09d', $nanos);
        return '.' . substr($digits, 0, 3 * (int) ceil(strlen(rtrim($digits, '0')) / 3));
    }

    private static function mask(FieldMask $mask): string
    {
        $paths = [];
        foreach ($mask->getPaths() as $path) {
            $paths[] = lcfirst(str_replace('_', '', ucwords($path, '_')));
        }
        return implode(',', $paths);
    }

    private static function readTime(Timestamp $time, mixed $json): void
    {
        if (!is_string($json) || preg_match(self::TIME, $json, $part) !== 1) {
            throw new NotReadable('a time', $json);
        }
        if (!checkdate((int) $part[2], (int) $part[3], (int) $part[1]) || $part[4] > '23' || $part[5] > '59' || $part[6] > '59') {
            throw new NotReadable('a time', $json);
        }
        $day = (new \DateTimeImmutable("$part[1]-$part[2]-$part[3]T00:00:00", new \DateTimeZone('UTC')))->getTimestamp();
        $seconds = $day + (int) $part[4] * 3600 + (int) $part[5] * 60 + (int) $part[6];
        if (($part[8] ?? '') !== '') {
            $seconds -= ($part[8] === '-' ? -1 : 1) * ((int) $part[9] * 3600 + (int) $part[10] * 60);
        }
        $time->setSeconds($seconds);
        $time->setNanos((int) str_pad($part[7] ?? '', 9, '0'));
    }

    private static function readDuration(Duration $duration, mixed $json): void
    {
        if (!is_string($json) || preg_match('/^(-?)([0-9]{1,12})(?:\.([0-9]{1,9}))?s$/D', $json, $part) !== 1) {
            throw new NotReadable('a duration', $json);
        }
        $sign = $part[1] === '-' ? -1 : 1;
        $duration->setSeconds($sign * (int) $part[2]);
        $duration->setNanos($sign * (int) str_pad($part[3] ?? '', 9, '0'));
    }

    private static function readMask(FieldMask $mask, mixed $json): void
    {
        if (!is_string($json)) {
            throw new NotReadable('a field mask', $json);
        }
        $paths = $json === '' ? [] : explode(',', $json);
        $mask->setPaths(array_map(static fn (string $path): string => strtolower((string) preg_replace('/[A-Z]/', '_$0', $path)), $paths));
    }
}
