<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

/** A column with a path on a disk. */
final class ColumnFiles extends AbstractFileResolver
{
    public function resolves(FileField $field): bool
    {
        return $field->kind === FileField::COLUMN;
    }
}
