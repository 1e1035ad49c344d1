<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Models;

use Cognate\Laravel\Exceptions\DeliveryConflict;
use Cognate\Laravel\Handler;
use Cognate\Laravel\Incoming;
use Illuminate\Database\Eloquent\Model;

final class UserHandler implements Handler
{
    public function write(Incoming $incoming, ?Model $record): Model|string
    {
        if ($incoming->attributes['name'] === 'conflict') {
            throw new DeliveryConflict('ASK_ADA', 'Ada knows');
        }
        Tag::create(['name' => 'came from elsewhere']);
        $record ??= new Handled();
        $record->fill(array_map(static fn ($value) => is_string($value) ? strtolower($value) : $value, $incoming->attributes))->save();
        return (string) $record->getKey();
    }

    public function delete(Incoming $incoming, Model $record): void
    {
        $record->update(['name' => 'gone']);
    }
}
