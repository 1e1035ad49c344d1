<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

/** Paths of files, relative to the root of a disk. What others say of one is never taken as it is. */
final class FilePaths
{
    private const MAX_BYTES = 1024;
    /** What a web server, a browser or an operating system would run; also in front of another extension. */
    private const RUNNABLE = [
        'php', 'php3', 'php4', 'php5', 'php7', 'php8', 'phps', 'pht', 'phtml', 'phar', 'inc', 'cgi', 'pl', 'py', 'rb', 'sh', 'bash', 'asp', 'aspx', 'jsp', 'jspx',
        'htaccess', 'htpasswd', 'ini', 'env', 'html', 'htm', 'xhtml', 'xht', 'shtml', 'hta', 'js', 'mjs', 'wasm', 'exe', 'com', 'bat', 'cmd', 'dll', 'msi', 'scr', 'ps1', 'vbs',
        'jar', 'apk', 'so', 'dylib', 'lnk', 'desktop',
    ];

    private function __construct()
    {
    }

    /** Whether it stays below the root it is relative to: no `..`, no slash at its beginning, nothing hidden. */
    public static function isInside(string $path): bool
    {
        if ($path === '' || strlen($path) > self::MAX_BYTES || preg_match('/[\x00-\x1f\x7f\\\\]/', $path) === 1 || preg_match('//u', $path) !== 1) {
            return false;
        }
        foreach (explode('/', $path) as $part) {
            if ($part === '' || $part[0] === '.' || strlen($part) > 255) {
                return false;
            }
        }
        return true;
    }

    public static function isAddress(string $text): bool
    {
        return preg_match('~^https?://[^\s"\'<>\\\\]{1,2000}$~iD', $text) === 1;
    }

    /** In small letters; empty where it has none. */
    public static function extension(string $name): string
    {
        $name = basename($name);
        $dot = strrpos($name, '.');
        return $dot === false || $dot === 0 ? '' : strtolower(substr($name, $dot + 1));
    }

    /**
     * Where a content that the hub gives is put: what is harmless of the hub's own path for it, and its hash.
     *
     * @param string $path the hub's
     */
    public static function ofPlacement(string $path, string $sha256): string
    {
        $parts = [];
        foreach (explode('/', $path) as $part) {
            $part = trim((string) preg_replace('/[^A-Za-z0-9._-]+/', '-', $part), '.-');
            if ($part !== '') {
                $parts[] = substr($part, 0, 100);
            }
        }
        $name = array_pop($parts) ?? 'file';
        $extension = self::extension($name);
        $stem = substr(str_replace('.', '-', $extension === '' ? $name : substr($name, 0, -strlen($extension) - 1)), 0, 80);
        $hash = substr($sha256, 0, 24);
        $stem = str_ends_with($stem, $hash) ? $stem : trim("$stem-$hash", '-');
        return implode('/', [...array_slice($parts, 0, 8), $extension === '' ? $stem : "$stem." . substr($extension, 0, 16)]);
    }

    /**
     * @param list<string> $allowed extensions; empty: all but what runs
     * @throws FileRefused
     */
    public static function check(string $name, int $size, array $allowed, int $maxBytes): void
    {
        $extension = self::extension($name);
        if ($allowed !== [] && !in_array($extension, $allowed, true)) {
            throw new FileRefused('FILE_TYPE_REFUSED', self::shown($name) . ' is not ' . implode(', ', $allowed) . ', which are all that this application allows here (extensions)');
        }
        foreach (array_slice(explode('.', strtolower(basename($name))), 1) as $part) {
            if (in_array($part, self::RUNNABLE, true) && !in_array($part, $allowed, true)) {
                throw new FileRefused('FILE_TYPE_REFUSED', self::shown($name) . " would be run by whoever opens it as .$part");
            }
        }
        if ($maxBytes > 0 && $size > $maxBytes) {
            throw new FileRefused('FILE_TOO_LARGE', self::shown($name) . " has $size bytes, and this application allows $maxBytes here (max_bytes)");
        }
    }

    /** For people: without what would write over their screen. */
    public static function shown(string $name): string
    {
        return mb_substr((string) preg_replace('/[\p{C}]+/u', '?', mb_scrub(basename($name), 'UTF-8')), 0, 80);
    }
}
