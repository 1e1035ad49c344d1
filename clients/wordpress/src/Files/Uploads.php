<?php

declare(strict_types=1);

namespace Cognate\WordPress\Files;

/** The directory that WordPress keeps files in. */
final class Uploads
{
    private const PART = '/^[^\/\\\\\x00-\x1f]{1,255}$/Du';

    public static function directory(): string
    {
        return rtrim((string) wp_get_upload_dir()['basedir'], '/');
    }

    /** @return string|null null: it does not name a place below the uploads */
    public static function absolute(string $path): ?string
    {
        if ($path === '' || strlen($path) > 1000) {
            return null;
        }
        foreach (explode('/', $path) as $part) {
            if ($part === '.' || $part === '..' || preg_match(self::PART, $part) !== 1) {
                return null;
            }
        }
        return self::directory() . "/$path";
    }

    /** What a meta value says, as a path below the uploads: it may be one, an absolute one or an address. */
    public static function relative(string $text): string
    {
        $uploads = wp_get_upload_dir();
        foreach ([(string) $uploads['baseurl'], (string) $uploads['basedir']] as $beginning) {
            if (str_starts_with($text, "$beginning/")) {
                return substr($text, strlen($beginning) + 1);
            }
        }
        return $text;
    }
}
