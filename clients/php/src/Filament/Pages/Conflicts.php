<?php

declare(strict_types=1);

namespace Cognate\Filament\Pages;

use Cognate\Filament\Data\ConflictActions;
use Cognate\Filament\Data\ConflictRows;
use Cognate\Filament\Data\TableQuery;
use Cognate\Filament\Data\Words;
use Filament\Actions\Action;
use Filament\Forms\Components\Select;
use Filament\Tables\Filters\SelectFilter;
use Filament\Tables\Table;
use Illuminate\Pagination\LengthAwarePaginator;

/** Edits that met: what lost is shown, and can be put back. */
final class Conflicts extends HubPage
{
    protected const WORDS = 'conflicts';
    protected const ICON = 'heroicon-o-scale';

    protected static ?string $slug = 'cognate/conflicts';
    protected static ?int $navigationSort = 4;

    public function table(Table $table): Table
    {
        return $this->hubTable($table)
            ->columns([
                Columns::text('record'),
                Columns::text('other'),
                Columns::text('fields'),
                Columns::state('state'),
                Columns::time('own_at'),
                Columns::time('delivered_at'),
                Columns::time('found_at'),
            ])
            ->filters([SelectFilter::make('state')->label(Words::of('columns.state'))->options(self::states('open', 'decided', 'resolved'))])
            ->recordActions([$this->keepAction(), $this->restoreAction()]);
    }

    protected function rows(TableQuery $query): LengthAwarePaginator
    {
        return self::part(ConflictRows::class)->page($query);
    }

    /** Resolves it as it is. */
    private function keepAction(): Action
    {
        return Action::make('keep')
            ->label(Words::of('actions.keep'))
            ->icon('heroicon-o-check')
            ->requiresConfirmation()
            ->modalDescription(static fn (array $record): string => self::text(static fn (): string => implode(' ', self::sentences($record))))
            ->visible(static fn (array $record): bool => $record['state'] !== 'resolved' && self::mayManage())
            ->action(fn (array $record) => $this->attempt(static function () use ($record): string {
                self::part(ConflictActions::class)->keep($record['id']);
                return Words::of('conflicts.kept');
            }));
    }

    private function restoreAction(): Action
    {
        return Action::make('restore')
            ->label(Words::of('actions.restore'))
            ->icon('heroicon-o-arrow-uturn-left')
            ->color('warning')
            ->modalDescription(static fn (array $record): string => self::text(static fn (): string => implode(' ', self::sentences($record))))
            ->schema(static fn (array $record): array => [
                Select::make('fields')->label(Words::of('columns.fields'))->multiple()
                    ->options(array_combine($record['field_names'], $record['field_names']))->helperText(Words::of('conflicts.all_fields')),
            ])
            ->visible(static fn (array $record): bool => !$record['is_delete'] && self::mayManage())
            ->action(fn (array $record, array $data) => $this->attempt(static function () use ($record, $data): string {
                self::part(ConflictActions::class)->restore($record['id'], array_values((array) ($data['fields'] ?? [])));
                return Words::of('conflicts.restored');
            }));
    }

    /**
     * @param array<string, mixed> $record
     * @return list<string>
     */
    private static function sentences(array $record): array
    {
        return array_map(
            static fn (array $field): string => Words::of($field['kept'] === 'own' ? 'conflicts.own_kept' : 'conflicts.delivered_kept', $field),
            self::part(ConflictRows::class)->fields($record['id']),
        );
    }
}
