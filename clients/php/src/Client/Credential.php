<?php

declare(strict_types=1);

namespace Cognate\Client;

use Cognate\Client\Exception\InvalidConfiguration;

/** The key that calls show. It says itself to nobody: dumps, traces and serialized objects have dots in its place. */
final class Credential
{
    private const MAX_BYTES = 4096;
    private const WORD = '/^[\x21-\x7e]+$/D';

    /** @var \Closure(): ?string */
    private readonly \Closure $read;

    /** @param \Closure(): ?string $read */
    private function __construct(\Closure $read)
    {
        $this->read = $read;
    }

    public static function none(): self
    {
        return new self(static fn (): ?string => null);
    }

    public static function text(#[\SensitiveParameter] string $key): self
    {
        $key = self::checked($key, 'key');
        return new self(static fn (): string => $key);
    }

    /** One line in a file, read again when the file has changed: a key can be put in the place of another while the process runs. */
    public static function file(string $path): self
    {
        $key = self::readFile($path);
        $stamp = self::stampOf($path);
        return new self(static function () use ($path, &$key, &$stamp): string {
            $now = self::stampOf($path);
            // A file that is just being replaced keeps what it said before.
            if ($now !== null && $now !== $stamp) {
                try {
                    $key = self::readFile($path);
                    $stamp = $now;
                } catch (InvalidConfiguration) {
                }
            }
            return $key;
        });
    }

    /** What the header `authorization` says; null without a key. */
    public function authorization(): ?string
    {
        $key = ($this->read)();
        return $key === null ? null : "Bearer $key";
    }

    public function isNone(): bool
    {
        return ($this->read)() === null;
    }

    private static function readFile(string $path): string
    {
        $text = is_file($path) ? @file_get_contents($path, false, null, 0, self::MAX_BYTES) : false;
        if ($text === false) {
            throw new InvalidConfiguration("key_file: cannot read $path; it must be a file that this user may read");
        }
        return self::checked(trim($text), "key_file $path");
    }

    private static function stampOf(string $path): ?string
    {
        clearstatcache(true, $path);
        $stat = @stat($path);
        return $stat === false ? null : "{$stat['ino']} {$stat['mtime']} {$stat['size']}";
    }

    private static function checked(#[\SensitiveParameter] string $key, string $where): string
    {
        if (preg_match(self::WORD, $key) !== 1 || strlen($key) > self::MAX_BYTES) {
            throw new InvalidConfiguration("$where: want one word of printable ASCII, such as cgk_…; what is there is none");
        }
        return $key;
    }

    /** @return array<string, string> */
    public function __debugInfo(): array
    {
        return ['key' => '…'];
    }

    /** @return array<string, mixed> */
    public function __serialize(): array
    {
        throw new \LogicException('A key is not serialized; connect again where it is needed');
    }
}
