<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Models;

use Cognate\Laravel\Files\AbstractFileResolver;
use Cognate\Laravel\Files\FileField;
use Illuminate\Database\Eloquent\Model;

/** Finds a file by the id of its record. */
final class SignatureFiles extends AbstractFileResolver
{
    public function fields(Model $model): array
    {
        return ['signature' => ['kind' => 'signature', 'disk' => 'private']];
    }

    public function resolves(FileField $field): bool
    {
        return $field->kind === 'signature';
    }

    public function read(FileField $field, Model $record): ?string
    {
        return "signature-{$record->getKey()}.png";
    }
}
