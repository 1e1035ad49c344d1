<?php

declare(strict_types=1);

namespace Cognate\Filament\Pages;

use Cognate\Filament\Data\Words;
use Filament\Tables\Columns\TextColumn;

/** Columns as all tables have them. */
final class Columns
{
    private const COLORS = [
        'active' => 'success', 'placed' => 'success', 'converged' => 'success', 'resolved' => 'success', 'decided' => 'gray',
        'paused' => 'gray', 'waiting' => 'gray', 'lacking' => 'gray', 'due' => 'gray', 'retry' => 'warning', 'held' => 'warning', 'locked' => 'warning', 'open' => 'warning',
        'failing' => 'danger', 'refused' => 'danger', 'broken' => 'danger', 'dead' => 'danger', 'conflict' => 'danger',
    ];

    private function __construct()
    {
    }

    public static function text(string $name): TextColumn
    {
        return TextColumn::make($name)->label(Words::of("columns.$name"))->sortable()->searchable()->wrap();
    }

    public static function number(string $name): TextColumn
    {
        return TextColumn::make($name)->label(Words::of("columns.$name"))->sortable()->numeric();
    }

    public static function time(string $name): TextColumn
    {
        return TextColumn::make($name)->label(Words::of("columns.$name"))->sortable()->since()->placeholder('—');
    }

    public static function state(string $name): TextColumn
    {
        return TextColumn::make($name)->label(Words::of("columns.$name"))->sortable()->badge()
            ->formatStateUsing(static fn (string $state): string => Words::state($state))
            ->color(static fn (string $state): string => self::COLORS[$state] ?? 'gray');
    }

    /** One that can be shown. */
    public static function hidden(TextColumn $column): TextColumn
    {
        return $column->toggleable(isToggledHiddenByDefault: true);
    }
}
