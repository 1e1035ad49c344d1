<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Cognate\Client\Value\File;
use Google\Protobuf\Internal\Message;

/**
 * A CaptureRequest whose bytes are written straight from the outbox. PHP's own protobuf measures every message again at every level
 * that it stands in, which for five levels takes most of the time that a change needs.
 */
final class EncodedCapture extends Message
{
    private const KINDS = ['null' => 1, 'bool' => 2, 'int64' => 3, 'double' => 4, 'decimal' => 5, 'text' => 6, 'bytes' => 7, 'timestamp' => 8, 'date' => 9, 'list' => 10, 'file' => 15];
    private string $sent = '';

    /** Without the parent's: it looks for a description of this class. */
    public function __construct(private readonly string $head, private readonly string $changes)
    {
    }

    /** @param list<string> $changes as `change()` gives them */
    public static function of(string $platform, array $changes): self
    {
        return new self(self::text(1, $platform), implode('', array_map(static fn (string $change): string => self::block(2, $change), $changes)));
    }

    public function sentAt(int $micros): void
    {
        $this->sent = self::block(3, self::time($micros));
    }

    public function serializeToString()
    {
        return $this->head . $this->changes . $this->sent;
    }

    /** @param array<string, array{string, mixed}> $fields kinds and what stands in them, by name; see FieldValues::kindOf */
    public static function change(OutboxRow $row, array $fields): string
    {
        $bytes = self::text(1, $row->changeId) . self::text(2, $row->model) . self::text(3, $row->localId) . "\x20" . self::varint($row->operation);
        foreach ($fields as $name => [$kind, $plain]) {
            $bytes .= self::block(5, self::text(1, (string) $name) . self::block(2, self::value($kind, $plain)));
        }
        return $bytes . self::block(6, self::time($row->sourceMicros));
    }

    private static function value(string $kind, mixed $plain): string
    {
        $number = self::KINDS[$kind];
        return match ($kind) {
            'null' => "\x08\0",
            'bool' => "\x10" . ($plain ? "\1" : "\0"),
            'int64' => "\x18" . self::varint($plain),
            'double' => "\x21" . pack('e', $plain),
            'timestamp' => self::block($number, self::time($plain->getTimestamp() * 1_000_000 + (int) $plain->format('u'))),
            'bytes' => self::block($number, $plain),
            'file' => self::block($number, self::file($plain)),
            'list' => self::block($number, implode('', array_map(static fn (File $file): string => self::block(1, self::value('file', $file)), $plain))),
            default => self::present($number, $plain),
        };
    }

    private static function file(File $file): string
    {
        $time = $file->modifyTime === null ? '' : self::block(4, self::time($file->modifyTime->getTimestamp() * 1_000_000 + (int) $file->modifyTime->format('u')));
        return self::block(1, (string) hex2bin($file->sha256)) . ($file->sizeBytes === 0 ? '' : "\x10" . self::varint($file->sizeBytes))
            . self::text(3, $file->name) . $time . self::text(5, $file->path);
    }

    private static function time(int $micros): string
    {
        $seconds = intdiv($micros, 1_000_000);
        $nanos = ($micros - $seconds * 1_000_000) * 1000;
        if ($nanos < 0) {
            $seconds--;
            $nanos += 1_000_000_000;
        }
        return ($seconds === 0 ? '' : "\x08" . self::varint($seconds)) . ($nanos === 0 ? '' : "\x10" . self::varint($nanos));
    }

    private static function text(int $field, string $text): string
    {
        return $text === '' ? '' : self::present($field, $text);
    }

    private static function present(int $field, string $text): string
    {
        if (preg_match('//u', $text) !== 1) {
            throw new \UnexpectedValueException('a text is not UTF-8');
        }
        return self::block($field, $text);
    }

    private static function block(int $field, string $bytes): string
    {
        return chr($field << 3 | 2) . self::varint(strlen($bytes)) . $bytes;
    }

    /** Of a negative number all 64 bits, as two's complement. */
    private static function varint(int $number): string
    {
        $bytes = '';
        while ($number > 127 || $number < 0) {
            $bytes .= chr($number & 0x7f | 0x80);
            $number = $number >> 7 & 0x01ffffffffffffff;
        }
        return $bytes . chr($number);
    }
}
