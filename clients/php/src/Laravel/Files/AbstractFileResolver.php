<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

use Illuminate\Database\Eloquent\Model;

/** What most resolvers have in common: paths in texts, one or a list of them. */
abstract class AbstractFileResolver implements FileResolver
{
    public function __construct(protected readonly Disks $disks)
    {
    }

    public function fields(Model $model): array
    {
        return [];
    }

    public function read(FileField $field, Model $record): ?string
    {
        return null;
    }

    public function files(FileField $field, mixed $captured): ?array
    {
        $paths = $this->paths($captured);
        foreach ($paths as $path) {
            if (FilePaths::isAddress($path)) {
                return null;
            }
        }
        return $paths === [] ? null : array_map(static fn (string $path): FileRef => new FileRef($field->disk, $path), $paths);
    }

    public function isList(FileField $field, mixed $captured): bool
    {
        return self::looksLikeList($captured);
    }

    public function value(FileField $field, array $paths): ?string
    {
        return match (count($paths)) {
            0 => null,
            1 => $paths[0],
            default => self::encode($paths),
        };
    }

    public function attach(FileField $field, Model $record, array $files): void
    {
    }

    /** @return list<string> of a path, or of a list of paths as JSON */
    protected function paths(mixed $captured): array
    {
        if (!is_string($captured) || $captured === '') {
            return [];
        }
        if (!self::looksLikeList($captured)) {
            return [$captured];
        }
        $paths = json_decode($captured, true);
        return is_array($paths) ? array_values(array_filter($paths, static fn (mixed $path): bool => is_string($path) && $path !== '')) : [];
    }

    protected static function looksLikeList(mixed $captured): bool
    {
        return is_string($captured) && str_starts_with($captured, '[') && is_array(json_decode($captured, true));
    }

    /** @param list<string> $paths */
    protected static function encode(array $paths): string
    {
        return json_encode($paths, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
    }
}
