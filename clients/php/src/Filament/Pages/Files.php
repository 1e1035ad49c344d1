<?php

declare(strict_types=1);

namespace Cognate\Filament\Pages;

use Cognate\Client\Exception\CognateException;
use Cognate\Filament\Data\FileRows;
use Cognate\Filament\Data\PlatformRows;
use Cognate\Filament\Data\TableQuery;
use Cognate\Filament\Data\Words;
use Filament\Tables\Filters\SelectFilter;
use Filament\Tables\Table;
use Illuminate\Pagination\LengthAwarePaginator;

/** The files of records, on each platform that is to have them. */
final class Files extends HubPage
{
    protected const WORDS = 'files';
    protected const ICON = 'heroicon-o-paper-clip';

    protected static ?string $slug = 'cognate/files';
    protected static ?int $navigationSort = 6;

    public function table(Table $table): Table
    {
        return $this->hubTable($table)
            ->columns([
                Columns::text('name'),
                Columns::text('platform'),
                Columns::state('state'),
                Columns::number('size'),
                Columns::text('message')->limit(120)->tooltip(static fn (array $record): string => $record['message']),
                Columns::time('since'),
                Columns::hidden(Columns::text('path')),
                Columns::hidden(Columns::text('reason')),
            ])
            ->filters([
                SelectFilter::make('platform')->label(Words::of('columns.platform'))->options(static fn (): array => self::platforms()),
                SelectFilter::make('state')->label(Words::of('columns.state'))->options(self::states('lacking', 'due', 'placed', 'refused')),
            ]);
    }

    protected function rows(TableQuery $query): LengthAwarePaginator
    {
        return self::part(FileRows::class)->page($query);
    }

    /** @return array<string, string> none where the hub does not answer, which the table says */
    private static function platforms(): array
    {
        try {
            return self::part(PlatformRows::class)->names();
        } catch (CognateException) {
            return [];
        }
    }
}
