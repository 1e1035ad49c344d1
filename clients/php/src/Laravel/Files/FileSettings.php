<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

use Cognate\Laravel\Exceptions\InvalidDefinition;

/** What config/cognate.php says of files, checked. */
final class FileSettings
{
    /**
     * @param string $disk of fields that do not name one
     * @param list<string> $detect parts of columns' names that make them files without a declaration
     * @param list<string> $extensions of fields that do not name any; empty: all but what runs
     * @param int $maxBytes 0: no limit
     * @param string $staging the disk for what is fetched before it is known which field it is for; nobody should be able to browse it
     * @param array<class-string, class-string<FileResolver>> $resolvers by class of the model
     * @param float $slice seconds of one turn that may be spent on files while records wait
     */
    public function __construct(
        public readonly bool $enabled = true,
        public readonly string $disk = 'public',
        public readonly array $detect = [],
        public readonly array $extensions = [],
        public readonly int $maxBytes = 0,
        public readonly string $staging = 'local',
        public readonly array $resolvers = [],
        public readonly float $slice = 2.0,
    ) {
    }

    /** @param array<string, mixed> $config */
    public static function of(array $config): self
    {
        $words = static function (string $name) use ($config): array {
            $value = $config[$name] ?? [];
            $value = is_string($value) ? preg_split('/[\s,]+/', $value, -1, PREG_SPLIT_NO_EMPTY) : $value;
            if (!is_array($value) || array_filter($value, static fn (mixed $word): bool => !is_string($word) || $word === '') !== []) {
                throw new InvalidDefinition("cognate.files.$name: want words, such as avatar,image");
            }
            return array_values(array_map('strtolower', $value));
        };
        $resolvers = (array) ($config['resolvers'] ?? []);
        foreach ($resolvers as $class => $resolver) {
            if (!is_string($resolver) || !is_a($resolver, FileResolver::class, true)) {
                throw new InvalidDefinition("cognate.files.resolvers: got something else for $class, want a class that implements " . FileResolver::class);
            }
        }
        $text = static fn (string $name, string $default): string => ($config[$name] ?? '') === '' ? $default : (string) $config[$name];
        return new self(
            (bool) ($config['enabled'] ?? true),
            $text('disk', 'public'),
            $words('detect'),
            $words('extensions'),
            max(0, (int) ($config['max_bytes'] ?? 0)),
            $text('staging', 'local'),
            $resolvers,
            max(0.05, (float) ($config['slice_seconds'] ?? 2.0)),
        );
    }

    /** Whether a column is a file by its name. */
    public function detects(string $column): bool
    {
        foreach ($this->detect as $part) {
            if (str_contains(strtolower($column), $part)) {
                return true;
            }
        }
        return false;
    }
}
