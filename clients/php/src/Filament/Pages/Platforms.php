<?php

declare(strict_types=1);

namespace Cognate\Filament\Pages;

use Cognate\Filament\Data\Master;
use Cognate\Filament\Data\PlatformActions;
use Cognate\Filament\Data\PlatformRows;
use Cognate\Filament\Data\TableQuery;
use Cognate\Filament\Data\Words;
use DateTimeImmutable;
use Filament\Actions\Action;
use Filament\Forms\Components\TextInput;
use Filament\Tables\Filters\SelectFilter;
use Filament\Tables\Table;
use Illuminate\Pagination\LengthAwarePaginator;

/** The platforms. They are managed on the master alone. */
final class Platforms extends HubPage
{
    protected const WORDS = 'platforms';
    protected const ICON = 'heroicon-o-server-stack';

    protected static ?string $slug = 'cognate/platforms';
    protected static ?int $navigationSort = 1;

    public function table(Table $table): Table
    {
        return $this->hubTable($table)
            ->columns([
                Columns::text('name')->description(static fn (array $record): string => $record['id']),
                Columns::state('state'),
                Columns::text('reason'),
                Columns::number('pending'),
                Columns::number('failed'),
                Columns::number('applied_last_hour'),
                Columns::time('last_applied_at'),
                Columns::hidden(Columns::text('channel')),
                Columns::hidden(Columns::number('completed')),
            ])
            ->filters([SelectFilter::make('state')->label(Words::of('columns.state'))->options(self::states('active', 'failing', 'paused', 'locked'))])
            ->headerActions([$this->createAction(), $this->openMasterAction()])
            ->recordActions([$this->renameAction(), $this->lockAction(), $this->unlockAction(), $this->deleteAction()]);
    }

    protected function rows(TableQuery $query): LengthAwarePaginator
    {
        return self::part(PlatformRows::class)->page($query);
    }

    private function createAction(): Action
    {
        return Action::make('create')
            ->label(Words::of('actions.create'))
            ->icon('heroicon-o-plus')
            ->visible(static fn (): bool => self::part(PlatformActions::class)->mayManage())
            ->schema([
                TextInput::make('id')->label(Words::of('columns.id'))->required()->maxLength(63)->regex('/^[a-z][a-z0-9-]*$/')
                    ->helperText(Words::of('platforms.id_help')),
                TextInput::make('name')->label(Words::of('columns.name'))->maxLength(120),
            ])
            ->action(fn (array $data) => $this->attempt(static function () use ($data): string {
                self::part(PlatformActions::class)->create((string) $data['id'], (string) ($data['name'] ?? ''));
                return Words::of('platforms.created', ['id' => $data['id']]);
            }));
    }

    private function openMasterAction(): Action
    {
        return Action::make('openMaster')
            ->label(Words::of('actions.open_on_master'))
            ->icon('heroicon-o-arrow-top-right-on-square')
            ->visible(static fn (): bool => self::part(Master::class)->url() !== null)
            ->url(static fn (): ?string => self::part(Master::class)->url(), shouldOpenInNewTab: true);
    }

    private function renameAction(): Action
    {
        return Action::make('edit')
            ->label(Words::of('actions.edit'))
            ->icon('heroicon-o-pencil-square')
            ->visible(static fn (): bool => self::part(PlatformActions::class)->mayManage())
            ->fillForm(static fn (array $record): array => ['name' => $record['name']])
            ->schema([TextInput::make('name')->label(Words::of('columns.name'))->maxLength(120)])
            ->action(fn (array $record, array $data) => $this->attempt(static function () use ($record, $data): string {
                self::part(PlatformActions::class)->rename($record['id'], (string) ($data['name'] ?? ''), $record['etag']);
                return Words::of('done.saved');
            }));
    }

    private function lockAction(): Action
    {
        return Action::make('lock')
            ->label(Words::of('actions.lock'))
            ->icon('heroicon-o-lock-closed')
            ->color('warning')
            ->visible(static fn (array $record): bool => $record['state'] !== PlatformRows::LOCKED && self::part(PlatformActions::class)->mayManage())
            ->schema([
                TextInput::make('reason')->label(Words::of('columns.reason'))->required()->maxLength(500),
                TextInput::make('hours')->label(Words::of('platforms.lock_hours'))->numeric()->minValue(1)->maxValue(8760),
            ])
            ->action(fn (array $record, array $data) => $this->attempt(static function () use ($record, $data): string {
                $hours = (int) ($data['hours'] ?? 0);
                self::part(PlatformActions::class)->lock($record['id'], (string) $data['reason'], $hours > 0 ? new DateTimeImmutable("+$hours hours") : null);
                return Words::of('platforms.locked', ['id' => $record['id']]);
            }));
    }

    private function unlockAction(): Action
    {
        return Action::make('unlock')
            ->label(Words::of('actions.unlock'))
            ->icon('heroicon-o-lock-open')
            ->visible(static fn (array $record): bool => $record['state'] === PlatformRows::LOCKED && self::part(PlatformActions::class)->mayManage())
            ->action(fn (array $record) => $this->attempt(static function () use ($record): string {
                self::part(PlatformActions::class)->unlock($record['id']);
                return Words::of('platforms.unlocked', ['id' => $record['id']]);
            }));
    }

    private function deleteAction(): Action
    {
        return Action::make('delete')
            ->label(Words::of('actions.delete'))
            ->icon('heroicon-o-trash')
            ->color('danger')
            ->requiresConfirmation()
            ->modalDescription(Words::of('platforms.delete_help'))
            ->visible(static fn (): bool => self::part(PlatformActions::class)->mayManage())
            ->action(fn (array $record) => $this->attempt(static function () use ($record): string {
                self::part(PlatformActions::class)->delete($record['id']);
                return Words::of('platforms.deleted', ['id' => $record['id']]);
            }));
    }
}
