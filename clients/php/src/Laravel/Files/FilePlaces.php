<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

use Cognate\Laravel\Definitions;

/**
 * Where a content is put that the hub gives. The hub says for which path, and not for which field: where fields on several disks may be
 * meant it goes to the staging disk, and to its field's when the record comes.
 */
final class FilePlaces
{
    /** @var list<FileField>|null */
    private ?array $fields = null;

    public function __construct(private readonly Definitions $definitions, private readonly FileResolvers $resolvers, private readonly FileSettings $settings)
    {
    }

    /** Whether any model has files. */
    public function any(): bool
    {
        return $this->settings->enabled && $this->all() !== [];
    }

    /**
     * @param string $placement the hub's path for it
     * @throws FileRefused where this application does not take such a file
     */
    public function of(string $placement, string $sha256, int $size): FileRef
    {
        $path = FilePaths::ofPlacement($placement, $sha256);
        $fields = $this->fieldsOf($path);
        $refused = null;
        $taking = [];
        foreach ($fields === [] ? [new FileField('', FileField::COLUMN, $this->settings->staging, $this->settings->extensions, $this->settings->maxBytes)] : $fields as $field) {
            try {
                FilePaths::check($path, $size, $field->extensions, $field->maxBytes);
                $taking[] = $field;
            } catch (FileRefused $error) {
                $refused = $error;
            }
        }
        if ($taking === []) {
            throw $refused ?? new FileRefused('FILE_NOT_WANTED', 'no model of here has files');
        }
        $disks = array_unique(array_map(fn (FileField $field): string => $field->isColumn() ? $field->disk : $this->settings->staging, $taking));
        return new FileRef(count($disks) === 1 ? $disks[0] : $this->settings->staging, $path);
    }

    /** @return list<FileField> those whose directory it is; all, where it is none's */
    private function fieldsOf(string $path): array
    {
        $named = array_values(array_filter($this->all(), static fn (FileField $field): bool => $field->directory !== '' && str_starts_with($path, "$field->directory/")));
        return $named === [] ? $this->all() : $named;
    }

    /** @return list<FileField> */
    private function all(): array
    {
        if ($this->fields === null) {
            $this->fields = [];
            foreach ($this->definitions->all() as $definition) {
                array_push($this->fields, ...array_values($this->resolvers->fields($definition)));
            }
        }
        return $this->fields;
    }
}
