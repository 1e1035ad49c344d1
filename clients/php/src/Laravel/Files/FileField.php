<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

use Cognate\Laravel\Exceptions\InvalidDefinition;

/** A field of a model that leads to files. */
final class FileField
{
    public const COLUMN = 'column';
    public const LIST = 'list';
    public const MEDIA = 'media';

    /**
     * @param string $kind COLUMN, LIST, MEDIA, or a word of a resolver of the application
     * @param string $disk Laravel's name of it
     * @param list<string> $extensions in small letters; empty: all but what runs
     * @param int $maxBytes 0: no limit
     * @param string $directory below which the hub's syncs put files for this field; default: its name
     * @param string $collection of the media
     */
    public function __construct(
        public readonly string $name,
        public readonly string $kind,
        public readonly string $disk,
        public readonly array $extensions = [],
        public readonly int $maxBytes = 0,
        public readonly string $directory = '',
        public readonly string $collection = '',
    ) {
    }

    /**
     * What `syncFiles()` says of a field: nothing, its disk, or an array of `disk`, `list`, `media`, `kind`, `extensions`, `max_bytes`
     * and `directory`.
     *
     * @param array<string, mixed>|string|null $options
     */
    public static function of(string $class, string $name, array|string|null $options, FileSettings $settings): self
    {
        $options = is_array($options) ? $options : ['disk' => (string) $options];
        $unknown = array_diff(array_keys($options), ['disk', 'list', 'media', 'kind', 'extensions', 'max_bytes', 'directory']);
        if ($unknown !== []) {
            throw new InvalidDefinition("cognate: $class::syncFiles() says " . implode(', ', $unknown) . " of $name, want disk, list, media, kind, extensions, max_bytes or directory");
        }
        $media = $options['media'] ?? false;
        $kind = match (true) {
            $media !== false => self::MEDIA,
            (bool) ($options['list'] ?? false) => self::LIST,
            default => (string) ($options['kind'] ?? self::COLUMN),
        };
        return new self(
            $name,
            $kind,
            ($options['disk'] ?? '') === '' ? $settings->disk : (string) $options['disk'],
            array_values(array_map(static fn (string $extension): string => strtolower(ltrim($extension, '.')), $options['extensions'] ?? $settings->extensions)),
            (int) ($options['max_bytes'] ?? $settings->maxBytes),
            trim((string) ($options['directory'] ?? $name), '/'),
            is_string($media) ? $media : $name,
        );
    }

    /** Whether it is a column of the model's table. */
    public function isColumn(): bool
    {
        return $this->kind === self::COLUMN || $this->kind === self::LIST;
    }
}
