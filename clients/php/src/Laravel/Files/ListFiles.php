<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

/** A column with a list of paths, as JSON. */
final class ListFiles extends AbstractFileResolver
{
    public function resolves(FileField $field): bool
    {
        return $field->kind === FileField::LIST;
    }

    public function isList(FileField $field, mixed $captured): bool
    {
        return true;
    }

    public function value(FileField $field, array $paths): ?string
    {
        return self::encode($paths);
    }
}
